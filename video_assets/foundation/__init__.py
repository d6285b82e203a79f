"""What every room uses: errors, records, time, the store, media access, worker processes."""
