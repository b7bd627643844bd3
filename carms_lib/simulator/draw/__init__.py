"""One draw of the match, in the order of its steps.

======================= =================================================================================
module                  step
======================= =================================================================================
`settings`              the uncertain inputs of a block of draws
`workspace`             every array that the steps write, made once
`participation`         who takes part
`disciplines`           which disciplines each applicant wants
`wishes`                which programs, by `exponential_race`
`interviews`            files read, interviews held, applicants ranked
`couples`               who is half of a couple, and the pairs they rank
`rank_lists`            the steps up to here in order: the lists of a draw
`quotas`                how many seats each program has, by `whole_seats`
`first_iteration`       the match, and the seats that revert
`second_iteration`      unmatched applicants and unfilled seats, matched again
`block`                 a block of draws, for the baseline and every scenario side by side
======================= =================================================================================
"""
