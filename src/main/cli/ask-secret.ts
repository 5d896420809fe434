/**
 * Takes a secret from a person or a file, never from the arguments, which other programs may read. Typed ones are not
 * shown; `-` is standard input.
 */
import { CommandFailed, EXIT } from './exit.ts'
import { readText } from './command.ts'

const ENTER = new Set(['\r', '\n', '\u0004'])
const BACKSPACE = new Set(['\u0008', '\u007f'])
const INTERRUPT = '\u0003'

/** The first line of the file, or what is typed. */
export async function askSecret(label: string, file: string | undefined): Promise<string> {
  const given = file === undefined ? await typed(label) : (readText(file).split(/\r?\n/)[0] ?? '')
  if (given !== '') return given
  throw new CommandFailed(EXIT.usage, `${label}: nothing was given. Nothing was changed.`)
}

/** Typed twice, so that a slip is not what protects everything. */
export async function askNewSecret(label: string, file: string | undefined): Promise<string> {
  const first = await askSecret(label, file)
  if (file !== undefined || (await typed(`${label}, once more`)) === first) return first
  throw new CommandFailed(EXIT.usage, 'The two were not the same. Nothing was changed.')
}

function typed(label: string): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) {
    throw new CommandFailed(
      EXIT.usage,
      `${label}: there is no terminal to ask at. Nothing was changed. Name a file that holds it, or - for standard input.`,
    )
  }
  stderr.write(`${label}: `)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8').resume()
  return new Promise((resolve, reject) => {
    let text = ''
    const end = (settle: () => void) => {
      stdin.setRawMode(false).pause().off('data', hear)
      stderr.write('\n')
      settle()
    }
    const hear = (chunk: string) => {
      for (const sign of chunk) {
        if (ENTER.has(sign)) {
          end(() => {
            resolve(text)
          })
          return
        }
        if (sign === INTERRUPT) {
          end(() => {
            reject(new CommandFailed(EXIT.usage, 'Stopped. Nothing was changed.'))
          })
          return
        }
        text = BACKSPACE.has(sign) ? text.slice(0, -1) : text + sign
      }
    }
    stdin.on('data', hear)
  })
}
