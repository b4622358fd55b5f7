"""What commands share: output, errors, options, progress, and adding articles."""
