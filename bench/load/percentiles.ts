// The percentiles of latencies.
import type { Measurement } from './order.js'

/** The smallest of the sorted values that at least this share of them does not exceed; 0 if there are none. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? 0

/** The reported percentiles of latencies in milliseconds, given in any order. */
export const percentiles = (
  latencies: readonly number[],
): Pick<Measurement, 'p50Milliseconds' | 'p95Milliseconds' | 'p99Milliseconds'> => {
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    p50Milliseconds: percentile(sorted, 0.5),
    p95Milliseconds: percentile(sorted, 0.95),
    p99Milliseconds: percentile(sorted, 0.99),
  }
}
