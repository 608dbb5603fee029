"""What a student's copy does with itself: knows what it was released as, takes a new release in, hands work in."""
