# Every type of content arrives as it was sent, without members that nobody defined
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "type": "image", "content": {"blobId": "b1", "mime": "image/png", "width": 3, "height": 2, "hue": "red"}}
bob gets chat.message {"type": "image", "content": {"blobId": "b1", "mime": "image/png", "width": 3, "height": 2, "hue": "${none}"}}
ann sends chat.send {"receiverId": "${bob}", "type": "sealed", "content": {"ciphertext": "AAECAw", "scheme": "mls"}}
bob gets chat.message {"type": "sealed", "content": {"ciphertext": "AAECAw", "scheme": "mls"}}
ann sends chat.send {"receiverId": "${bob}", "type": "x.poll", "content": {"ask": "tea?", "options": ["yes", {"n": 1.5}], "none": []}}
bob gets chat.message {"type": "x.poll", "content": {"ask": "tea?", "options": ["yes", {"n": 1.5}], "none": []}}
