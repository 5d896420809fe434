/**
 * Paths as text: from what a script wrote to the one absolute, normalised path that policy judges and the tools
 * use. Pure; nothing here looks at a disk.
 */
import path from 'node:path'
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'

const MAX_PATH = 4096

/** What makes a text no path, as the end of a sentence; null where nothing does. */
export function pathProblem(text: string, platform: NodeJS.Platform = process.platform): string | null {
  if (text.length > MAX_PATH) return `is longer than ${MAX_PATH} characters`
  if (text.includes('\0')) return 'contains a NUL character'
  if (!text.isWellFormed()) return 'contains half a character'
  if (/^[\\/]{2}/.test(text)) return 'is a network path, and those are not opened'
  return platform === 'win32' ? windowsProblem(text) : posixProblem(text)
}

function posixProblem(text: string): string | null {
  if (text.startsWith('/') || isHome(text)) return null
  return 'is not an absolute path, such as /home/me/a.txt or ~/a.txt'
}

function windowsProblem(text: string): string | null {
  if (!isHome(text) && !/^[A-Za-z]:[\\/]/.test(text)) {
    return 'is not an absolute path, such as C:\\Users\\me\\a.txt or ~\\a.txt'
  }
  return text.includes(':', isHome(text) ? 0 : 2) ? 'contains a colon' : null
}

function isHome(text: string): boolean {
  return /^~($|[\\/])/.test(text)
}

/** Absolute and normalised, without a slash at the end; `~` is the home folder. Never resolves a link. */
export function resolvePath(
  text: string,
  home: string,
  platform: NodeJS.Platform = process.platform,
): string {
  const problem = pathProblem(text, platform)
  if (problem !== null)
    fail({ kind: 'invalid-input', path: 'path', message: `The path ${problem}. Nothing was changed.` })
  const flavour = platform === 'win32' ? path.win32 : path.posix
  const normal = flavour.normalize(isHome(text) ? `${home}/${text.slice(1)}` : text)
  const bare = normal.replace(platform === 'win32' ? /[\\/]+$/ : /\/+$/, '')
  return bare === '' || bare.endsWith(':') ? `${bare}${flavour.sep}` : bare
}

/** The names that lead from a folder to a path at or below it; null when it lies elsewhere. */
export function namesBelow(folder: string, target: string): string[] | null {
  if (target === folder) return []
  const base = folder.endsWith(path.sep) ? folder : folder + path.sep
  return target.startsWith(base) ? target.slice(base.length).split(path.sep) : null
}

export const pathInput = z
  .string()
  .min(1)
  .max(MAX_PATH)
  .refine(text => pathProblem(text) === null, {
    error: issue => pathProblem(String(issue.input)) ?? 'is no path',
  })
