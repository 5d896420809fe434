/** Parts of the sentences that the run view shows about files. */
import path from 'node:path'
import { displayText } from './names.ts'

/** The last name of a path, as people may see it. */
export function nameText(given: string): string {
  const name = path.basename(given)
  return displayText(name === '' ? given : name)
}

/** The name of the folder that holds a path. */
export function folderText(given: string): string {
  return nameText(path.dirname(given))
}

export function lengthText(text: string): string {
  return text.length === 1 ? '1 character' : `${text.length} characters`
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  const mega = bytes / 1024 / 1024
  return mega < 1 ? `${Math.round(bytes / 1024)} KB` : `${mega.toFixed(1)} MB`
}
