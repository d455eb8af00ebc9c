// Prints the last line of a test run: the numbers of passed, failed and skipped tests, and what the skipped ones need.
import type { Reporter, TestCase, TestModule, TestRunEndReason } from 'vitest/node'

/** Prints `312 passed, 0 failed, 0 skipped`, after one line for each skipped test. */
export class ClosingLine implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const tests: TestCase[] = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // A failed hook or import is not reported as a test.
    const failed = count('failed') || (reason === 'passed' ? 0 : Math.max(1, unhandled.length))
    for (const test of tests.filter((candidate) => candidate.result().state === 'skipped'))
      process.stdout.write(`skipped: ${test.fullName}\n`)
    process.stdout.write(`\n${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped\n`)
  }
}
