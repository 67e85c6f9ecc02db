# Content of the wrong shape is refused with the path of what is wrong
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "type": "text", "content": {"text": 5}}
ann gets error invalid_params {"path": "/content/text"}
ann sends chat.send {"receiverId": "${bob}", "type": "text", "content": {}}
ann gets error invalid_params {"path": "/content/text"}
ann sends chat.send {"receiverId": "${bob}", "type": "smell", "content": {"text": "hm"}}
ann gets error invalid_params {"path": "/type"}
ann sends chat.send {"receiverId": "${bob}", "type": "sealed", "content": {"ciphertext": "not base64!", "scheme": "mls"}}
ann gets error invalid_params {"path": "/content/ciphertext"}
bob gets nothing
