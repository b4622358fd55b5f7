"""The sentences that may answer, each under a label, without those that address machines."""
