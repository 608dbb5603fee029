"""What is checked, task by task: ordinary pytest tests, written once against `student` and `reference`."""
