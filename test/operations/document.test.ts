// docs/operations.md as a whole: each block is run by a test, and each metric that it watches exists.
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/runtime/metrics.js'
import { block, blocksOfOperations } from '../support/operations.js'

test('each block of the document is run by a test', () => {
  const tests = globSync('test/operations/*.test.ts').map((path) => readFileSync(path, 'utf8'))
  const run = tests.flatMap((text) =>
    [...text.matchAll(/block\('([^']+)', (\d+)\)/g)].map(([, heading, place]) => `${heading} ${place}`),
  )
  const all = [...blocksOfOperations].flatMap(([heading, found]) =>
    found.map((_, place) => `${heading} ${place}`),
  )
  expect(all.length).toBeGreaterThan(10)
  expect(all.filter((name) => !run.includes(name))).toEqual([])
})

test('each alert watches metrics and labels that exist', async () => {
  const { groups } = parse(block('What to watch', 0))
  const metrics = await createMetrics().registry.getMetricsAsJSON()
  const known = new Set(metrics.flatMap(({ name }) => [name, `${name}_bucket`]))
  const rules: { alert: string; expr: string }[] = groups[0].rules
  expect(rules.length).toBeGreaterThan(8)
  for (const { expr } of rules) {
    const named = [...expr.matchAll(/\b(?:idem|process)_\w+/g)].map(([name]) => name)
    expect(named.filter((name) => !known.has(name))).toEqual([])
    expect(named.length > 0 || expr.startsWith('up{')).toBe(true)
  }
  // The values of labels are those that the code counts.
  const code = globSync(['src/**/*.ts', 'jobs/**/*.ts'])
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
  const values = [...block('What to watch', 0).matchAll(/(?:state|result|cause|code|route)="([\w/]+)"/g)]
  expect(values.length).toBeGreaterThan(8)
  expect(
    values.map(([, value]) => value).filter((value) => !new RegExp(`\\b${value}\\b`).test(code)),
  ).toEqual([])
})
