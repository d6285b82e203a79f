"""What leaves the house: platform data, inspections of finished files, receipts, a review page."""
