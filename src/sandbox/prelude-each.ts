/** Guest text, last part: `each`. An item's body runs in its own scope; how the item ended is the host's to say (J7). */
export const PRELUDE_EACH = String.raw`
const childScope = (parent, name, key) => {
  const own = quote(name) + ',' + quote(key) + ']'
  return parent === '' ? '[' + own : ReflectApply(stringSlice, parent, [0, -1]) + ',' + own
}

const keyOf = (name, item, key, index) => {
  const given = key(item)
  const text = typeof given === 'number' && isFinite(given) ? '' + given : given
  const where = 'each(' + quote(name) + ') refused '
  if (typeof text !== 'string') throw failed('invalid-input', where + 'the key of entry ' + index + ': a key is a string or a finite number.')
  if (text === '') throw failed('invalid-input', where + 'the empty key of entry ' + index + '.')
  if (text.length > 512) throw failed('invalid-input', where + 'the key ' + quote(ReflectApply(stringSlice, text, [0, 40])) + '…: a key has 512 characters at most.')
  return text
}

const keysOf = (name, list, key) => {
  if (typeof name !== 'string' || name === '') throw failed('invalid-input', 'each was refused: its name is a string that is not empty.')
  if (!isArray(list)) throw failed('invalid-input', 'each(' + quote(name) + ') was refused: its list is not an array.')
  if (typeof key !== 'function') throw failed('invalid-input', 'each(' + quote(name) + ') was refused: its key is not a function.')
  const seen = new NativeSet()
  const entries = { __proto__: null, total: list.length }
  let positional = list.length >= 2
  for (let index = 0; index < entries.total; index++) {
    const item = list[index]
    const text = keyOf(name, item, key, index)
    if (ReflectApply(setHas, seen, [text])) throw failed('invalid-input', 'each(' + quote(name) + ') refused the key ' + quote(text) + ': it occurs twice.')
    ReflectApply(setAdd, seen, [text])
    positional = positional && text === '' + index
    entries[index] = { __proto__: null, key: text, item }
  }
  if (positional) throw failed('invalid-input', 'each(' + quote(name) + ') refused the key "0": keys that are positions change when the list does. Use an id from the data.')
  return entries
}

const close = (own, ok, text) => post('["close",' + quote(own) + ',' + ok + ',' + text + ']')
const closeWith = (own, value) => {
  const text = textOf(value, 'What the item returned')
  if (text === null) return
  if (typeof text !== 'string') { close(own, false, describe(text)); return }
  const refusal = close(own, true, text)
  if (refusal !== undefined) close(own, false, describe(failed('invalid-input', refusal)))
}

const startBody = (own, fn, item) => {
  const outer = scope
  let body
  scope = own
  try { body = ReflectApply(nativeResolve, NativePromise, [fn(item)]) } catch (error) { body = rejected(error) } finally { scope = outer }
  ReflectApply(nativeThen, body, [value => { closeWith(own, value) }, error => { close(own, false, describe(error)) }])
}

const runItem = async (parent, name, entry, index, total, fn) => {
  const { key, item } = entry
  const opened = await issue('flow.open', { __proto__: null, name, key, index, total }, parent)
  if (opened.run !== true) return opened.settled
  const settled = issue('flow.settle', { __proto__: null, name, key }, parent)
  startBody(childScope(parent, name, key), fn, item)
  return await settled
}

const report = (entries, settled) => {
  const result = { done: [], aside: [], waiting: [], declined: [] }
  for (let index = 0; index < entries.total; index++) {
    const { key } = entries[index]
    const { state, result: value, error, reason } = settled[index]
    const list = result[state]
    const row = state === 'done' ? { key, result: value } : state === 'aside' ? { key, error } : { key, reason }
    ReflectDefine(list, list.length, { __proto__: null, value: row, writable: true, enumerable: true, configurable: true })
  }
  return result
}

export const each = (name, list, key, fn, options) => {
  const parent = scope
  return (async () => {
    if (parent === 'verify') throw failed('invalid-input', 'each was refused: verify only looks.')
    const entries = keysOf(name, list, key)
    if (typeof fn !== 'function') throw failed('invalid-input', 'each(' + quote(name) + ') was refused: it has no function to call.')
    const lanes = options === undefined || options === null || options.concurrency === undefined ? 1 : options.concurrency
    if (!(lanes >= 1 && lanes <= 8 && lanes % 1 === 0)) throw failed('invalid-input', 'each(' + quote(name) + ') was refused: concurrency is a whole number from 1 to 8.')
    const settled = { __proto__: null }
    let next = 0
    let running = lanes
    const lane = async () => {
      while (next < entries.total) {
        const index = next++
        settled[index] = await runItem(parent, name, entries[index], index, entries.total, fn)
      }
    }
    await new NativePromise((done, fail) => {
      for (let i = 0; i < lanes; i++) ReflectApply(nativeThen, lane(), [() => { if (--running === 0) done() }, fail])
    })
    return report(entries, settled)
  })()
}
`
