"""The instructor's day around a grading: taking in, marks and late days, feedback, regrading, solutions."""
