/** What a picture says of itself. */

export interface Details {
  taken: Taken | null
  camera: { make: string | null; model: string | null; lens: string | null }
  copyright: string | null
  /** Whether there are coordinates at all, readable or not. */
  located: boolean
  location: { latitude: number; longitude: number; altitude: number | null } | null
  /** Why nothing was read, where that is so. */
  problem: string | null
}

export interface Taken {
  /** The camera's clock: 2026-03-14T12:30:00. */
  local: string
  /** Its distance from UTC, where it said so: +01:00. */
  offset: string | null
  /** UTC ms, where the distance is known. */
  at: number | null
}

export const NO_DETAILS: Details = {
  taken: null,
  camera: { make: null, model: null, lens: null },
  copyright: null,
  located: false,
  location: null,
  problem: null,
}
