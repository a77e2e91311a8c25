"""Figures of the parts that write JSON of their own, in the form that all have (common.Report)."""


def figure(point, what, ours, theirs, against, goal=None, text="", **more):
    value = theirs / ours
    return {"point": point, "what": what, "ours": ours, "unit": "ms", "against": against,
            "theirs": theirs, "value": value, "goal": goal, "goal_text": text,
            "reached": None if goal is None else value >= goal, **more}


def sgd(document):
    shape = f"{document['rows']:,} × {document['columns']}"
    rows = []
    for case in document["cases"]:
        # scikit-learn's own default: single rows, shuffled
        single = case["case"].endswith("batch 1, shuffled")
        rows.append(figure(3, f"SGD, {case['case']}, {shape}: an epoch, one thread, of the "
                           "processor", case["ours_ms"], case["theirs_ms"], case["against"],
                           8 if single else None, "≥ 8×" if single else "", own=case))
    return rows


def mlp(document):
    rows = []
    for case, shape in (("narrow", "20-64-64-1, 200,000 rows, batches of 256"),
                        ("wide", "784-512-512-10, 20,000 rows, batches of 512")):
        best = {}
        for row in document["rows"]:
            if row["case"] == case:
                if row["side"] not in best or row["wall"] < best[row["side"]]["wall"]:
                    best[row["side"]] = row
        if not best:
            continue  # it was ended before
        ours = best.pop("descentd")
        goal = 5 if case == "narrow" else 1
        for side, row in best.items():
            aimed = "cost" not in side
            rows.append(figure(4, f"MLP {shape}, Adam, float32: an epoch", 1e3 * ours["wall"],
                               1e3 * row["wall"], side, goal if aimed else None,
                               f"≥ {goal}×" if aimed else ""))
    return rows


def gram(document):
    def middle(values):
        return 1e3 * sorted(values)[len(values) // 2]

    wall = document["wall"]
    loop = middle(wall["NumPy, an epoch"])
    shape = f"{document['rows']:,} × {document['columns']}"
    return [figure(1, f"least squares, {shape}, core alone, one thread: {name}", middle(values),
                   loop * float(name.split()[0].replace(",", "")), "NumPy loop, one thread")
            for name, values in wall.items() if name.endswith("epochs")]


FORMS = {"sgd": sgd, "mlp": mlp, "gram": gram}
