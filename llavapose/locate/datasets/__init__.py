"""What differs between data sets when located people are scored.

Read ``truth`` (annotations as COCO's evaluation takes them), ``crowdpose`` (easy, medium and hard pictures), ``mpii``
(head sizes, PCKh by joint), then ``scored`` (settings -> the measures of whichever set it is).
"""
