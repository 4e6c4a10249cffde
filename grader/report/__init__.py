"""Reports: pages made from records; nothing is run."""
