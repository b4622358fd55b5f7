"""Where articles come from: files, folders, addresses; parsers confined."""
