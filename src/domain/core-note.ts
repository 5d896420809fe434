/** What a running core leaves in its data folder for others to find it by. It proves nothing: the lock does. */

export const CORE_NOTE_FILE = 'core.json'

export interface CoreNote {
  pid: number
  url: string
  startedAt: number
}

/** The note a file's text holds; undefined where it is none. */
export function parseCoreNote(text: string): CoreNote | undefined {
  const { pid, url, startedAt } = membersOf(text)
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined
  if (typeof url !== 'string' || !/^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(url)) return undefined
  return typeof startedAt === 'number' ? { pid, url, startedAt } : undefined
}

function membersOf(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? { ...json } : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
