"""What is kept on board from one scene to the next: series of dates and reference scenes."""
