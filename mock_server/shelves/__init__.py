"""The sessions of every profile side by side, for whoever watches a namespace: a shelf a profile, one rack for all."""
