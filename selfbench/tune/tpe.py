"""Optuna's TPE sampler in recorded worlds: `python tpe.py WORLDS.json`.

The file has `knobs` (name, values, whether they are numbers), `arms` (positions of their values), `visits`, and for each seed a
table: the value that arm `a` would show at visit `t`. Prints one JSON list of arms for each seed, in the order of visits. A
combination that is no arm fails at no cost.
"""

import json
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def suggest(trial, knobs):
    return tuple(
        trial.suggest_int(knob["name"], 0, len(knob["values"]) - 1)
        if knob["numbers"]
        else trial.suggest_categorical(knob["name"], list(range(len(knob["values"]))))
        for knob in knobs
    )


def race(knobs, arms, table, visits, seed):
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    chosen = []
    for _ in range(20 * visits):
        if len(chosen) == visits:
            break
        trial = study.ask()
        arm = arms.get(suggest(trial, knobs))
        if arm is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(trial, table[len(chosen)][arm])
        chosen.append(arm)
    return chosen


def main():
    with open(sys.argv[1]) as file:
        world = json.load(file)
    arms = {tuple(position): i for i, position in enumerate(world["arms"])}
    for seed, table in enumerate(world["tables"]):
        print(json.dumps(race(world["knobs"], arms, table, world["visits"], seed)), flush=True)


main()
