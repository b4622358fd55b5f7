"""One article format each: from bytes to the fields of articles."""
