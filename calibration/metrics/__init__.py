"""What a task's answers are judged by: running sums, small whatever the scenes' size."""
