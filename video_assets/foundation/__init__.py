"""What every room uses: errors, records, time, the store on disk, media access, worker processes."""
