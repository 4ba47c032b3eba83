"""What `cold.py` starts, how it measures that, and what the figures are held against."""
