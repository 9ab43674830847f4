"""The compatibility report: results files in; HTML, Markdown, badge, difference or merged results out.

Everything that a results file holds may come from a hostile server: it is escaped wherever it is printed.
"""
