// The percentiles of latencies.
import type { Measurement } from './order.js'

/** Of sorted values, the one that this share of them does not exceed; 0 where there is none. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? 0

/** The percentiles that are reported, of latencies in milliseconds in any order. */
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
