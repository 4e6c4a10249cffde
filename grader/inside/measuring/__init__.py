"""Measuring: answers to what a probe asks of the student's code."""
