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
    "television": "tv", "mug": "cup", "purse": "handbag", "computer mouse": "mouse", "smartphone": "cell phone",
    "cellphone": "cell phone", "motorbike": "motorcycle", "paperback": "book", "teddy": "teddy bear",
    "toy truck": "toy truck",
    **{name: name for name in (
        "handlebar", "frying pan", "pan", "cardboard box", "box", "tray", "railing", "rail", "pole", "ski pole",
        "rope", "wall", "fence", "counter", "desk", "door", "steering wheel", "guitar", "microphone",
        "paddle", "oar", "hammer",
        "broom", "basket", "bucket", "flag", "newspaper", "magazine", "pen", "pencil", "paintbrush", "hose", "shovel",
        "rake", "dumbbell", "barbell", "leash", "reins", "ladder", "wheel", "scooter",
    )},
}  # fmt: skip
"""COCO's categories, everyday names for them, and some other things that hands are said to hold."""

ANNOTATED = frozenset(tuple(THING_NAMES)[:80])
"""COCO's own categories: only of these does a picture's annotation show that there is none."""
