// The last line of a test run: how many passed, failed, were skipped, and what was missing for the skipped ones.
import type { Reporter, TestCase, TestModule, TestRunEndReason } from 'vitest/node'

/** Prints `312 passed, 0 failed, 0 skipped`, with the names of what was skipped on the lines before. */
export class ClosingLine implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const tests: TestCase[] = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // A hook or an import that failed has no test of its own to show it.
    const failed = count('failed') || (reason === 'passed' ? 0 : Math.max(1, unhandled.length))
    for (const test of tests.filter((candidate) => candidate.result().state === 'skipped'))
      process.stdout.write(`skipped: ${test.fullName}\n`)
    process.stdout.write(`\n${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped\n`)
  }
}
