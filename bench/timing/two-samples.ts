// Tests whether two samples can come from one distribution, by ranks only, so that outliers have little influence.

/** The results of the tests. */
export interface Comparison {
  readonly medians: readonly [number, number]
  /** Two-sided; differences of location. */
  readonly mannWhitneyP: number
  /** Differences of any kind. */
  readonly kolmogorovSmirnovP: number
}

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

/** The middle value, or the mean of the two; NaN of none. */
export const medianOf = (values: readonly number[]): number => {
  const ordered = sorted(values)
  const low = ordered[Math.floor((ordered.length - 1) / 2)] ?? Number.NaN
  const high = ordered[Math.ceil((ordered.length - 1) / 2)] ?? Number.NaN
  return (low + high) / 2
}

/**
 * The complementary error function, its error below 1.2e-7 of the value (Numerical Recipes in C, 2nd edition, 6.2
 * `erfcc`).
 */
const erfc = (x: number): number => {
  const t = 1 / (1 + Math.abs(x) / 2)
  const coefficients = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
    1.00002368, -1.26551223,
  ]
  const polynomial = coefficients.reduce((sum, coefficient) => sum * t + coefficient, 0)
  const value = t * Math.exp(-x * x + polynomial)
  return x >= 0 ? value : 2 - value
}

/** How often each value occurs in each of the samples, in ascending order. */
const countTies = (one: readonly number[], other: readonly number[]): Map<number, [number, number]> => {
  const counts = new Map<number, [number, number]>()
  for (const value of sorted([...one, ...other])) counts.set(value, [0, 0])
  for (const value of one) (counts.get(value) ?? [0, 0])[0] += 1
  for (const value of other) (counts.get(value) ?? [0, 0])[1] += 1
  return counts
}

/**
 * The p-value of the Mann-Whitney U test, two-sided: the normal approximation with corrections for ties and continuity
 * (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 3rd edition, 4.1). For samples of 20 and more.
 */
export const mannWhitneyP = (one: readonly number[], other: readonly number[]): number => {
  const total = one.length + other.length
  let [rankSum, tied, before] = [0, 0, 0]
  for (const [ofOne, ofOther] of countTies(one, other).values()) {
    const equal = ofOne + ofOther
    rankSum += ofOne * (before + (equal + 1) / 2)
    tied += equal ** 3 - equal
    before += equal
  }
  const u = rankSum - (one.length * (one.length + 1)) / 2
  const distance = Math.abs(u - (one.length * other.length) / 2)
  const variance = ((one.length * other.length) / 12) * (total + 1 - tied / (total * (total - 1)))
  return variance === 0 ? 1 : Math.min(1, erfc(Math.max(0, distance - 0.5) / Math.sqrt(2 * variance)))
}

/** Further terms of the series are negligibly small. */
const mostTerms = 100

/**
 * The p-value of the two-sample Kolmogorov-Smirnov test: the limiting distribution with Stephens' correction for the
 * size of the samples (Numerical Recipes in C, 2nd edition, 14.3 `kstwo` and `probks`).
 */
export const kolmogorovSmirnovP = (one: readonly number[], other: readonly number[]): number => {
  let [belowOne, belowOther, distance] = [0, 0, 0]
  for (const [ofOne, ofOther] of countTies(one, other).values()) {
    belowOne += ofOne / one.length
    belowOther += ofOther / other.length
    distance = Math.max(distance, Math.abs(belowOne - belowOther))
  }
  const size = Math.sqrt((one.length * other.length) / (one.length + other.length))
  const lambda = (size + 0.12 + 0.11 / size) * distance
  // The series converges slowly near 0, where the probability is 1 anyway.
  if (lambda < 0.2) return 1
  let sum = 0
  for (let term = 1; term <= mostTerms; term++)
    sum += 2 * (term % 2 === 1 ? 1 : -1) * Math.exp(-2 * (term * lambda) ** 2)
  return Math.min(1, Math.max(0, sum))
}

/** Compares two samples. */
export const compareSamples = (one: readonly number[], other: readonly number[]): Comparison => ({
  medians: [medianOf(one), medianOf(other)],
  mannWhitneyP: mannWhitneyP(one, other),
  kolmogorovSmirnovP: kolmogorovSmirnovP(one, other),
})

/**
 * True if either test finds a difference at `alpha`. With two tests, false positives are up to twice as frequent as
 * `alpha`.
 */
export const differ = ({ mannWhitneyP: u, kolmogorovSmirnovP: ks }: Comparison, alpha: number): boolean =>
  u < alpha || ks < alpha

/** Number of halvings of the search interval, enough for an error far below a thousandth of the median. */
const halvings = 16

/**
 * The power of the comparison: the smallest delay that the tests would have detected at `alpha` if it had been added to
 * either of the samples. In the unit of the samples.
 */
export const smallestSeenShift = (one: readonly number[], other: readonly number[], alpha: number): number =>
  Math.max(shiftSeenIn(one, other, alpha), shiftSeenIn(other, one, alpha))

const shiftSeenIn = (delayed: readonly number[], other: readonly number[], alpha: number): number => {
  const isSeen = (shift: number): boolean => {
    const shifted = delayed.map((value) => value + shift)
    return differ(compareSamples(shifted, other), alpha)
  }
  let [unseen, seen] = [0, medianOf(other)]
  for (let step = 0; step < halvings; step++) {
    const middle = (unseen + seen) / 2
    if (isSeen(middle)) seen = middle
    else unseen = middle
  }
  return seen
}
