"""Many draws: simulated, stored, asked and replayed.

=============== =========================================================================================
module          holds
=============== =========================================================================================
`simulation`    `simulate`: draws in parallel, on common random numbers
`draw_store`    where the outcomes of draws lie while a study is made and read
`outcomes`      what is kept of every draw, and handing it out
`study`         the study, and the views that answer
`comparison`    a scenario beside another, draw by draw
`study_file`    a study as one file
`replay`        single draws made again, with their lists
=============== =========================================================================================
"""
