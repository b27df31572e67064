"""What a score is, and what scores mean: metrics, records, reports. No torch, no ray."""
