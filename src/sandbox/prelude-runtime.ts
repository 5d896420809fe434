/**
 * Guest text, second half: scopes, calls and the way in and out. The host hands in one JSON text (`receive`) and gets
 * one JSON text (`post`); nothing else crosses (S4). Everything is made from what the first half took, so that
 * patched built-ins can hurt only the script that patched them.
 */
export const PRELUDE_RUNTIME = String.raw`
let scope = ''
let lastCall = 0
let longest = 0
let script = null
const pending = { __proto__: null }
// Errors that this runtime made, by what the host knows of them: a call's number, or a code of our own.
const origins = new NativeWeakMap()

export const current = () => scope
export const enter = own => { scope = own }
export const resume = (own, value) => { scope = own; return value }

const isObject = value => (typeof value === 'object' && value !== null) || typeof value === 'function'
const ownText = (target, name) => {
  const found = ReflectDescriptor(target, name)
  return found !== undefined && typeof found.value === 'string' ? found.value : ''
}
// An error that was caught and not looked at yet; looked at before anything goes out.
export const held = { __proto__: null, error: undefined }
export const inspect = error => {
  const before = held.error
  held.error = undefined
  if (before !== error) examine(before)
  examine(error)
}
const examine = error => {
  if (typeof error !== 'object' || error === null) return
  const made = ReflectPrototype(error)
  if (made !== InternalErrorPrototype && made !== SyntaxErrorPrototype) return
  const message = ownText(error, 'message')
  if (message === 'stack overflow') post('["limit","stack"]')
  if (message === 'out of memory' && made === InternalErrorPrototype) post('["limit","memory"]')
}

const promisePrototype = NativePromise.prototype
const scoped = (callback, own, failing) => typeof callback !== 'function' ? callback : value => {
  scope = own
  if (failing) inspect(value)
  return callback(value)
}
hidden(promisePrototype, 'then', function then(onDone, onFailed) {
  return ReflectApply(nativeThen, this, [scoped(onDone, scope, false), scoped(onFailed, scope, true)])
})

// A generator resumed by hand runs in its own scope; whoever resumed it goes on in theirs.
const asyncGenerators = ReflectPrototype(async function* () {}).prototype
for (const name of ['next', 'return', 'throw']) {
  const native = asyncGenerators[name]
  hidden(asyncGenerators, name, { [name](value) {
    const own = scope
    try { return ReflectApply(native, this, [value]) } finally { scope = own }
  } }[name])
}

const failed = (code, message) => {
  const error = new NativeError(message)
  hidden(error, 'code', code)
  ReflectApply(weakSet, origins, [error, '"' + code + '"'])
  return error
}
const rejected = error => new NativePromise((_, reject) => { reject(error) })
const never = () => new NativePromise(() => {})

const readText = (target, name) => {
  try {
    const value = target[name]
    return typeof value === 'string' ? ReflectApply(stringSlice, value, [0, 4000]) : ''
  } catch (error) {
    inspect(error)
    return ''
  }
}
const describe = error => {
  if (!isObject(error)) {
    const text = typeof error === 'symbol' ? 'a symbol' : ReflectApply(stringSlice, NativeString(error), [0, 4000])
    return '{"name":"Error","message":' + quote(text) + ',"stack":"","origin":null}'
  }
  inspect(error)
  const origin = ReflectApply(weakGet, origins, [error])
  return '{"name":' + quote(readText(error, 'name')) + ',"message":' + quote(readText(error, 'message')) +
    ',"stack":' + quote(readText(error, 'stack')) + ',"origin":' + (origin === undefined ? 'null' : origin) + '}'
}

// A value as JSON text, or an error that says why it is none.
const textOf = (value, what) => {
  inspect(undefined)
  let text
  try {
    text = jsonStringify(value === undefined ? null : value)
  } catch (error) {
    inspect(error)
    const reason = isObject(error) ? readText(error, 'message') : ''
    return failed('invalid-input', what + ' could not be written as JSON' + (reason === '' ? '.' : ': ' + reason + '.'))
  }
  if (text === undefined) return failed('invalid-input', what + ' could not be written as JSON.')
  if (text.length > longest) {
    post('["limit","bytes-out"]')
    return null
  }
  return text
}

const issue = (tool, args, own) => {
  const text = textOf(args, 'What was handed to ' + tool)
  if (text === null) return never()
  if (typeof text !== 'string') return rejected(text)
  const number = lastCall + 1
  const stack = ownText(new NativeError(), 'stack')
  const refusal = post('["call",' + number + ',' + quote(own) + ',' + quote(tool) + ',' + quote(stack) + ',' + text + ']')
  if (refusal !== undefined) return rejected(failed('invalid-input', refusal))
  lastCall = number
  return new NativePromise((done, fail) => { pending[number] = { __proto__: null, done, fail } })
}
export const call = (tool, args) => issue(NativeString(tool), args === undefined ? {} : args, scope)

const deliver = message => {
  if (message.at > clock) clock = message.at
  const waiting = pending[message.id]
  if (waiting === undefined) return
  delete pending[message.id]
  if (message.ok) {
    waiting.done(message.value)
    return
  }
  const error = new NativeError(message.error.message)
  hidden(error, 'code', message.error.code)
  hidden(error, 'stack', '')
  ReflectApply(weakSet, origins, [error, '' + message.id])
  waiting.fail(error)
}

const settle = (kind, promise) => {
  ReflectApply(nativeThen, promise, [value => {
    const text = textOf(value, 'What the script returned')
    if (text === null) return
    if (typeof text !== 'string') { post('["' + kind + '",false,' + describe(text) + ']'); return }
    const refusal = post('["' + kind + '",true,' + text + ']')
    if (refusal !== undefined) post('["' + kind + '",false,' + describe(failed('invalid-input', refusal)) + ']')
  }, error => { post('["' + kind + '",false,' + describe(error) + ']') }])
}

const missing = () => { throw new NativeTypeError('The script has no default export to run.') }
const start = input => settle('end', (async () => {
  script = await import('script')
  scope = ''
  if (typeof script.default !== 'function') missing()
  return await script.default(input)
})())

const verify = input => {
  const check = script === null ? undefined : script.verify
  if (typeof check !== 'function') { post('["verified",null]'); return }
  settle('verified', (async () => {
    scope = 'verify'
    return await check(input)
  })())
}

// On the global object only until the first text arrives, which is before any guest code.
hidden(globalThis, 'receive', text => {
  const message = jsonParse(text)
  if (message.kind === 'deliver') deliver(message)
  else if (message.kind === 'verify') verify(message.input)
  else {
    clock = message.at
    longest = message.longest
    state.a = message.seed[0]
    state.b = message.seed[1]
    state.c = message.seed[2]
    state.d = message.seed[3]
    for (let i = 0; i < 15; i++) word()
    delete globalThis.receive
    start(message.input)
  }
})
`
