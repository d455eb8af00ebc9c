// The container's health check: succeeds if the process in the container is ready. The slim image has no curl.

const url = `http://127.0.0.1:${process.env['IDEM_PORT'] || 4000}/readyz`
try {
  const answer = await fetch(url)
  process.stdout.write(`${answer.status} ${await answer.text()}\n`)
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  process.stdout.write(`${url} does not answer: ${error.cause ?? error}\n`)
  process.exitCode = 1
}
