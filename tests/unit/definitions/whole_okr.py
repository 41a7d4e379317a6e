"""One document of each kind of the OKR side, with every kind of key result and every measure, all faultless."""

from tests.unit.definitions.okr_samples import INDICATOR, SOURCES
from tests.unit.definitions.samples import SLO

_OKR = """\
---
apiVersion: okrbridge.dev/v1
kind: StatusPolicy
metadata: {name: calm}
spec: {onTrackGap: 10%, atRiskGap: 30%, committedGoal: 95%, aspirationalGoal: 60%, equalEvaluations: 3, revision: 2}
---
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: 2026-q4}
spec: {timezone: Europe/Berlin, parent: '2026', statusPolicy: calm, retrospectiveUntil: 2027-01-15}
---
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: '2026'}
spec: {start: 2026-01-01, end: 2027-01-01, timezone: Europe/Berlin, cadence: monthly, closed: false}
---
apiVersion: okrbridge.dev/v1
kind: Team
metadata: {name: engineering}
spec: {level: division, sponsor: ada}
---
apiVersion: okrbridge.dev/v1
kind: Team
metadata: {name: backend}
spec: {parent: engineering, champion: jo, lead: maria, okrLead: ada, members: [maria, jo], visibility: restricted}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: reliable}
spec:
  cycle: 2026-q4
  team: backend
  owner: maria
  coOwners: [jo]
  rollup: manual
  manualProgress: 40%
  serves: fewer failed orders
  customerFacing: true
  visibility: public
  keyResults:
    - {name: uptime, from: 99.2%, to: 99.95%, measure: {slo: api-availability}}
    - {name: peak, operator: ge, to: 99.9%, requiredShare: 95%, critical: 99%,
       measure: {slo: api-availability, over: 7d},
       qualifying: [{start: 2026-11-23, end: 2026-11-30}, {start: 2026-12-24}]}
    - {name: budget, allowance: 50%, measure: {slo: api-availability}}
    - {name: p95, kind: band, change: 5%, operator: le, baseline: {over: 28d}, measure: {promql: p95, unit: s}}
    - {name: cost, change: -15%, from: 20000 EUR, guards: [p95], stretch: 16000 EUR,
       measure: {csv: {column: cost, time: day, where: {team: api}}, source: survey, unit: EUR}}
    - {name: sast, share: {}, to: 97.5%,
       measure: {sql: 'SELECT name, ok FROM repos', source: billing-db, members: true}}
    - {name: restore, share: {operator: lt, limit: 15min},
       measure: {incidents: {severity: [sev1], quantity: timeToRestore}}}
    - {name: incidents, from: 12/month, to: 3/month, tooEarlyShare: 25%, measure: {incidents: {service: [api]}}}
    - {name: rollout, done: false, verb: enable, metric: zero-downtime deploys, timing: leading, layer: L8}
    - {name: certified, evidence: {url: 'https://wiki.example/iso', reachedAt: 2026-11-02}}
    - {name: adoption, zone: commit, zones: {fail: none, commit: one team, target: three, stretch: all}}
    - {name: together, parts: [{keyResult: uptime, weight: 2}, {keyResult: reliable/cost}]}
    - {name: unknown, kind: baseline, measure: {http: {path: /v1, value: $.a, samples: $.n}, source: status-page}}
    - {name: trial, effect: +3%, measure: {events: {kind: buy, per: visit, within: 1d}, over: 7d}}
    - {name: friends, kind: reach, to: 10, state: draft, measure: {manual: {expiresAfter: 14d}}, minSamples: 5}
    - {name: activated, from: 40%, to: 60%, measure: {indicator: activation}, outcome: activation, bestOf: [uptime],
       revision: {reason: scope_change, note: both shops}, checkpoints: [{at: 2026-11-01, progress: 30%}]}
    - {name: followed, from: 0%, to: 70%, measure: {keyResult: together}, stakeholders: [sales], precision: 1,
       runbook: 'https://wiki.example/run', counted: a, excluded: b, sourceNote: c, contributionNote: d}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: child}
spec:
  {cycle: 2026-q4, owner: jo, parentKeyResult: reliable/uptime, alignment: supports, state: active, layer: L2,
   keyResults: [{name: a, operator: gt, to: 95%, visibility: restricted, measure: {promql: ok, unit: ratio}}]}
---
apiVersion: okrbridge.dev/v1
kind: Initiative
metadata: {name: retries}
spec: {keyResults: [reliable/uptime], state: stopped, stoppedReason: no effect, stoppedAt: 2026-11-05}
---
apiVersion: okrbridge.dev/v1
kind: Retrospective
metadata: {name: q4}
spec: {cycle: 2026-q4, team: backend, learnings: [x], actions: [{title: y, due: 2027-01-10, carriedTo: '2026'}]}
"""
WHOLE_OKR = f"{SLO}{SOURCES}{INDICATOR}{_OKR}"
