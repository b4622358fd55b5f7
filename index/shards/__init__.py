"""An index divided into shards, each a whole index by itself, that is used as one."""
