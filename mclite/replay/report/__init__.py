"""The compatibility report: results files in; HTML, Markdown, badge, difference or merged results out.

Everything a results file holds may come from a hostile server: it is escaped where it is printed, never trusted.
"""
