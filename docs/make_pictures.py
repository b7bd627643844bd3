"""Draw the pictures of README, home page and the page of places: ``python docs/make_pictures.py``.

They are committed, so that a reader sees them before anything is installed; run this again when the model changes.
"""

from __future__ import annotations

from pathlib import Path

import carms_lib as carms
from carms_lib.plotting import plot_differences, plot_heatmap, plot_quota, plot_site_map
from matplotlib.figure import Figure

ASSETS = Path(__file__).resolve().parent / "assets"
SCENARIO = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")


def main() -> None:
    """Simulate once and draw four pictures."""
    release = carms.load_release()
    gold = carms.build(release).gold
    study = carms.simulate(
        carms.Market.from_gold(gold, carms.load_cohort("2025"), provenance=release.provenance),
        SCENARIO,
        n_draws=1_000,
        rng=2025,
        progress=False,
    )
    seats = gold["program"].groupby("discipline")["quota"].sum()
    canadian = {"applicant_class": "cmg_current"}
    pressure = study.pressure(
        by=["province", "discipline"], metric="pressure", scenario="baseline", where=canadian
    ).to_frame()
    pressure = pressure.loc[pressure["discipline"].isin(seats.index[seats >= 20])]
    changes = study.compare(SCENARIO.name).outcomes(by="province", metric="filled")

    drawings = {
        "pressure.png": (plot_heatmap, pressure, {}, (10.2, 9.0)),
        "changes.png": (plot_differences, changes, {}, (7.6, 4.2)),
        "sites.png": (plot_site_map, gold, {}, (7.6, 7.6)),
        "seats.png": (plot_quota, gold, {"n_rows": 15}, (7.6, 5.4)),
    }
    for name, (plot, shown, options, size) in drawings.items():
        figure = Figure(figsize=size, layout="constrained")
        plot(shown, ax=figure.add_subplot(), **options)
        figure.savefig(ASSETS / name, dpi=96, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
