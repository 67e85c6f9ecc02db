# a copy of my data has what I wrote and not what others wrote to me
ann, bob connect
ann says "from ann" to bob as m1
bob says "from bob" to ann
ann sends  user.export {}
ann gets   ok {"sections": {"chat": {"chats": [{"chatId": "${m1.chatId}", "userId": "${bob}"}], "messages": [{"seq": "${m1.seq}", "content": {"text": "from ann"}}], "moreMessages": false}}}
bob sends  user.export {}
bob gets   ok {"sections": {"chat": {"messages": [{"content": {"text": "from bob"}}]}}}
