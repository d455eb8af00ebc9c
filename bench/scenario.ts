// What is measured: the list of scenarios, and what each is to reach.

/** The scenarios, in the order in which every round runs them. */
export const scenarioNames = ['bare', 'baseline', 'me', 'anonymous', 'login', 'refresh'] as const

/** The name of a scenario. */
export type ScenarioName = (typeof scenarioNames)[number]

/** What a scenario is to reach (issue 2, item 9). */
export interface Goal {
  /** The scenario that its rate is divided by. */
  readonly comparedWith: ScenarioName
  readonly leastRatio: number
  /** SQL statements that one operation may send at most; null: any number. */
  readonly mostStatements: number | null
}

/** One thing that clients do. */
export interface Scenario {
  readonly title: string
  /** Which of the two servers answers. */
  readonly server: 'bare' | 'idem'
  readonly goal: Goal | null
}

const ofBaseline = (leastRatio: number, mostStatements: number | null = null): Goal => ({
  comparedWith: 'baseline',
  leastRatio,
  mostStatements,
})

/** All scenarios. One operation is one request, but for `login`, which is two. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  bare: { title: '{ __typename }, bare Apollo on Fastify', server: 'bare', goal: null },
  baseline: {
    title: '{ __typename }, Idem',
    server: 'idem',
    goal: { comparedWith: 'bare', leastRatio: 0.75, mostStatements: null },
  },
  me: { title: '{ me } by access token', server: 'idem', goal: ofBaseline(0.75, 0) },
  anonymous: { title: 'sign-in of a new guest', server: 'idem', goal: ofBaseline(0.15) },
  login: { title: 'key login: challenge, then sign-in', server: 'idem', goal: ofBaseline(0.08) },
  refresh: { title: 'refresh of a session', server: 'idem', goal: ofBaseline(0.18) },
}

/** Peak resident memory of the server, in bytes (issue 2, item 9: 200 MB). */
export const mostMemoryBytes = 200_000_000
