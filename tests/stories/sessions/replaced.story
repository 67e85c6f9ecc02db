# The same login on another connection closes the older one 4409
ann, bob connect
eve connects without login
eve sends session.open {"token": "${ann.accessToken}"}
ann is closed 4409
bob says "hi" to ann
eve gets chat.message {"content": {"text": "hi"}}
