"""Objects by the names that people use for them."""

THING_NAMES: dict[str, str] = {
    **{name: name for name in (
        "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light", "fire hydrant",
        "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear",
        "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
        "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
        "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
        "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table",
        "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
        "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
    )},
    "racket": "tennis racket", "racquet": "tennis racket", "bat": "baseball bat", "ball": "sports ball", "ski": "skis",
    "phone": "cell phone", "mobile phone": "cell phone", "glove": "baseball glove", "bag": "handbag", "bike": "bicycle",
    "parasol": "umbrella", "table": "dining table", "sofa": "couch", "plant": "potted plant", "glass": "wine glass",
}  # fmt: skip
"""COCO's categories and everyday names for them."""
