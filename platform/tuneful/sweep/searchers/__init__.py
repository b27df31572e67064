"""What is tried next: Optuna's samplers with the ledger as their memory, reuse, extension, warm starts."""
