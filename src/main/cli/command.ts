/** What every command shares: its `--json`, how it answers, and how its arguments are read. */
import fs from 'node:fs'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { Json } from '../../domain/json.ts'
import { CommandFailed, EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { jsonText, terminal } from './terminal.ts'

/** What a command has to say: the document for programs, the text for people, and its exit code. */
export interface Answer {
  document: unknown
  text: string
  code?: ExitCode
}

/** Adds `--json` and runs the command: exactly one document on stdout, or its text. */
export function answering<A extends unknown[]>(
  command: Command,
  act: (...args: A) => Promise<Answer> | Answer,
): Command {
  return command.option('--json', 'print one JSON document').action(async (...args: unknown[]) => {
    const answer = await act(...(args as A))
    terminal.out(
      command.optsWithGlobals<{ json?: boolean }>().json === true ? jsonText(answer.document) : answer.text,
    )
    process.exitCode = answer.code ?? EXIT.done
  })
}

export function jsonArgument(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new InvalidArgumentError(
      `It is not JSON. A text goes in two pairs of quotes: '"${text.slice(0, 40)}"'.`,
    )
  }
}

/** Collects `k=v` options into one record. */
export function pairOption(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const place = text.indexOf('=')
  if (place < 1) throw new InvalidArgumentError('It is written name=value.')
  return { ...before, [text.slice(0, place)]: text.slice(place + 1) }
}

export function wholeNumberOption(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is a whole number.')
  return Number(text)
}

/** A file the user named; `-` is standard input. */
export function readText(file: string): string {
  try {
    return fs.readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = { ENOENT: 'does not exist', EISDIR: 'is a folder', EACCES: 'may not be read' }[code]
    if (reason === undefined) throw error
    throw new CommandFailed(EXIT.usage, `The file ${file} ${reason}. Nothing was changed.`)
  }
}

export function readJson(file: string): Json {
  const text = readText(file)
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new CommandFailed(
      EXIT.usage,
      `The file ${file} is not valid JSON: ${error.message}. Nothing was changed.`,
    )
  }
}
