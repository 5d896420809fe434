/**
 * Makes this realm's local time UTC. The guest engine asks the realm it runs in for its time zone; a worker has a
 * realm of its own, so nothing outside the worker changes (S3).
 */
const LOCAL_OF_UTC = [
  'FullYear',
  'Month',
  'Date',
  'Day',
  'Hours',
  'Minutes',
  'Seconds',
  'Milliseconds',
] as const

export function pinRealmToUtc(): void {
  const dates = Date.prototype
  dates.getTimezoneOffset = () => 0
  for (const part of LOCAL_OF_UTC) {
    dates[`get${part}`] = function utc(this: Date) {
      return this[`getUTC${part}`]()
    }
  }
}
