"""The reader's training: data, claim pairs made by rule, training, evaluation and export."""
