// A moment in words.

/** The moment in UTC and relative to now: `2026-01-31 12:05 UTC (in 24 min)`. */
export const describeMoment = (iso: string, now: Date): string => {
  const moment = new Date(iso)
  if (Number.isNaN(moment.getTime())) return 'unknown'
  const seconds = Math.round((moment.getTime() - now.getTime()) / 1000)
  const distance = describeDuration(Math.abs(seconds))
  const clock = moment.toISOString().slice(0, 16).replace('T', ' ')
  return `${clock} UTC (${seconds < 0 ? `${distance} ago` : `in ${distance}`})`
}

const describeDuration = (seconds: number): string => {
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
