"""What the user gets: maps, pictures, numbers and their description."""
